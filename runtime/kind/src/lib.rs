//! Clusters as kind makes them, on a Docker engine.
