//! What is in the image of a node of kind, of our own making, and what a node says when it boots.

use crate::docker::files::{Content, Entry, Files};

/// The version of a node whose image does not tell one.
pub(crate) const VERSION: &str = "v1.27.3";

/// The files of a node image of this version: `v1.27.3`.
pub(crate) fn files(tag: &str) -> Files {
    let version = if tag.starts_with('v') { tag.split(['-', '@']).next().unwrap_or(VERSION) } else { VERSION };
    let mut files = small_system("debian");
    files.write("/kind/version", version.to_owned());
    files.write("/kind/manifests/default-cni.yaml", CNI);
    files.write("/kind/manifests/default-storage.yaml", STORAGE);
    files.write("/etc/containerd/config.toml", CONTAINERD);
    files.write("/etc/crictl.yaml", "runtime-endpoint: unix:///var/run/containerd/containerd.sock\n");
    files.write("/etc/systemd/system/kubelet.service", "[Unit]\nDescription=kubelet: The Kubernetes Node Agent\n");
    for program in
        ["/kind/bin/mount-product-files.sh", "/kind/bin/create-kubelet-cgroup-v2.sh", "/usr/local/bin/entrypoint"]
    {
        program_at(&mut files, program);
    }
    for program in ["kubeadm", "kubelet", "kubectl"] {
        program_at(&mut files, &format!("/usr/bin/{program}"));
    }
    for program in ["containerd", "ctr", "crictl"] {
        program_at(&mut files, &format!("/usr/local/bin/{program}"));
    }
    for folder in
        ["/var/log/containers", "/var/log/pods", "/var/lib/containerd", "/etc/kubernetes/manifests", "/etc/cni/net.d"]
    {
        files.folder(folder, 0);
    }
    files.write("/var/log/alternatives.log", "");
    files
}

/// A system that has little: folders, and the names of the commands that are known.
pub(crate) fn small_system(name: &str) -> Files {
    let mut files = Files::default();
    for folder in ["/bin", "/etc", "/home", "/root", "/run", "/sbin", "/tmp", "/usr/bin", "/usr/local/bin", "/var/log"]
    {
        files.folder(folder, 0);
    }
    files.write("/etc/os-release", format!("NAME=\"{name} (simulated)\"\nID={name}\n"));
    files.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    for program in super::programs::names() {
        program_at(&mut files, &format!("/bin/{program}"));
    }
    let link = Entry { content: Content::Link("/run".to_owned()), mode: 0o777, modified: 0 };
    files.put("/var/run", link);
    files
}

fn program_at(files: &mut Files, path: &str) {
    let content = Content::File("#!simulated\n".into());
    files.put(path, Entry { content, mode: 0o755, modified: 0 });
}

/// What a node says when it boots.
pub(crate) const BOOT_LINES: [&str; 12] = [
    "INFO: ensuring we can execute mount/umount even with userns-remap",
    "INFO: remounting /sys read-only",
    "INFO: making mounts shared",
    "INFO: detected cgroup v2",
    "INFO: clearing and regenerating /etc/machine-id",
    "INFO: faking /sys/class/dmi/id/product_name to be \"kind\"",
    "INFO: setting iptables to detected mode: nft",
    "INFO: starting init",
    "systemd 252 (simulated) running in system mode",
    "Welcome to \u{1b}[1mDebian GNU/Linux 11 (bullseye)\u{1b}[0m!",
    "[\u{1b}[0;32m  OK  \u{1b}[0m] Started \u{1b}[0;1;39mcontainerd.service\u{1b}[0m - containerd container runtime.",
    "[\u{1b}[0;32m  OK  \u{1b}[0m] Reached target \u{1b}[0;1;39mmulti-user.target\u{1b}[0m - Multi-User System.",
];

/// The pod network, which is nothing but its objects: the simulator gives nodes and pods their network.
const CNI: &str = r#"# simulated
# would you kindly template this file
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: kindnet
rules:
  - apiGroups: [""]
    resources: ["nodes"]
    verbs: ["list", "watch", "patch"]
  - apiGroups: [""]
    resources: ["configmaps"]
    verbs: ["get"]
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: kindnet
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: kindnet
subjects:
  - kind: ServiceAccount
    name: kindnet
    namespace: kube-system
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: kindnet
  namespace: kube-system
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: kindnet
  namespace: kube-system
  labels:
    app: kindnet
    k8s-app: kindnet
    tier: node
spec:
  selector:
    matchLabels:
      app: kindnet
  template:
    metadata:
      labels:
        app: kindnet
        k8s-app: kindnet
        tier: node
    spec:
      hostNetwork: true
      serviceAccountName: kindnet
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
        - operator: Exists
      containers:
        - name: kindnet-cni
          image: docker.io/kindest/kindnetd:v20230511-dc714da8
          env:
            - name: POD_SUBNET
              value: {{ .PodSubnet }}
          resources:
            requests: {cpu: 100m, memory: 50Mi}
            limits: {cpu: 100m, memory: 50Mi}
---
"#;

/// The storage class.
const STORAGE: &str = r#"# simulated
apiVersion: v1
kind: Namespace
metadata:
  name: local-path-storage
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: local-path-provisioner-service-account
  namespace: local-path-storage
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: local-path-provisioner
  namespace: local-path-storage
spec:
  replicas: 1
  selector:
    matchLabels:
      app: local-path-provisioner
  template:
    metadata:
      labels:
        app: local-path-provisioner
    spec:
      nodeSelector:
        kubernetes.io/os: linux
      tolerations:
        - key: node-role.kubernetes.io/control-plane
          operator: Equal
          effect: NoSchedule
      serviceAccountName: local-path-provisioner-service-account
      containers:
        - name: local-path-provisioner
          image: docker.io/kindest/local-path-provisioner:v20230511-dc714da8
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations:
    storageclass.kubernetes.io/is-default-class: "true"
provisioner: rancher.io/local-path
volumeBindingMode: WaitForFirstConsumer
reclaimPolicy: Delete
"#;

/// The configuration of containerd.
const CONTAINERD: &str = r#"version = 2

[plugins."io.containerd.grpc.v1.cri"]
  tolerate_missing_hugetlb_controller = true
  restrict_oom_score_adj = false
  sandbox_image = "registry.k8s.io/pause:3.7"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    discard_unpacked_layers = true
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
"#;
