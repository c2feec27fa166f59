"""Model formats: saving, loading with the platform's own trust, and the digest of what a model holds."""
