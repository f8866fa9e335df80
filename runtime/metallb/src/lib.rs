//! MetalLB: install, address pools, readiness.
