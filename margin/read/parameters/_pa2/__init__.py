"""Parts of the reader of expanded unpacked SPAN risk parameter files."""
