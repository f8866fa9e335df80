//! What runs in the containers of pods, chosen by image.
