"""What users import. `from remint import step, pipeline, ref, Table, Model …` leads here."""
