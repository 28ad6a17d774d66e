"""Parts of the SPAN XML risk parameter reader; `margin.read.parameters.spn` puts them together."""
