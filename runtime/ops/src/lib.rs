//! One file per operation: a request, its constants, its run; the catalogue; the world they act on.
