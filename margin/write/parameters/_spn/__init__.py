"""Parts of the writer of SPAN XML risk parameter files."""
