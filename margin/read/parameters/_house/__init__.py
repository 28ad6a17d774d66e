"""Parts of the reader of house configuration."""
