"""Will a flight out of New York arrive more than 15 minutes late? Known at its scheduled departure."""
