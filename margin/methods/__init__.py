"""One file per margin method: the steps of the engine in the order of that method."""
