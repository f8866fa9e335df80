//! What runs in a node of kind: its log, its files, and the commands that are executed in it.
