//! Kubernetes, through kube: apply, wait, exec, logs, port-forward, kubeconfig files.
