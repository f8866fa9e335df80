//! Releases of Istio and MetalLB: found, fetched, checked by digest, cached.
