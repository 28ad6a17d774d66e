"""Writing expanded unpacked SPAN files: records field by field, and the mass of contracts as matrices of bytes."""
