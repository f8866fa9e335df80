#!/usr/bin/env bash
# What meshrun's main job is measured against: the same mesh with kind, kubectl, istioctl and openssl, one step after the other as the article and
# Istio's guide go. Takes the prefix of the clusters' names and the folder of the releases; further arguments go to `istioctl install`.
set -o errexit -o nounset -o pipefail
prefix=$1 releases=$2
shift 2
istio=$releases/istio-1.20.1 metallb=$releases/metallb-v0.13.10
image=${KIND_IMAGE:-kindest/node:v1.27.3}
clusters=("${prefix}1" "${prefix}2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

since=$SECONDS
lap() { printf '  %-14s %3d s\n' "$1" $((SECONDS - since)); since=$SECONDS; }
on() { kubectl --context "$1" "${@:2}"; }
address() { docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1-control-plane"; }

for cluster in "${clusters[@]}"; do
  kind create cluster --quiet --name "$cluster" --image "$image" --wait 120s
  kubectl config set-cluster "kind-$cluster" --server "https://$(address "$cluster"):6443"
  kubectl config rename-context "kind-$cluster" "$cluster"
done
lap clusters

subnet=$(docker network inspect kind --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' | tr ' ' '\n' | grep -F . | head -n 1)
third=230
for cluster in "${clusters[@]}"; do
  on "$cluster" apply --filename "$metallb/config/manifests/metallb-native.yaml"
  on "$cluster" --namespace metallb-system rollout status deployment/controller daemonset/speaker --timeout 5m
  pool="$(cut -d. -f1,2 <<<"$subnet").$third"
  until on "$cluster" apply --filename - <<YAML
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: pool, namespace: metallb-system}
spec: {addresses: ["$pool.1-$pool.20"]}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: pool, namespace: metallb-system}
spec: {ipAddressPools: [pool]}
YAML
  do sleep 2; done
  third=$((third + 1))
done
lap MetalLB

# Keys and certificates as the Makefile of Istio's guide makes them: RSA of 4096 bits.
here=$PWD
cd "$work"
openssl req -x509 -newkey rsa:4096 -nodes -keyout root-key.pem -out root-cert.pem -days 3650 -subj "/O=Istio/CN=Root CA" 2>/dev/null
number=0
for cluster in "${clusters[@]}"; do
  number=$((number + 1))
  mkdir "$cluster"
  openssl genrsa -out "$cluster/ca-key.pem" 4096
  openssl req -new -key "$cluster/ca-key.pem" -out ca.csr -subj "/O=Istio/CN=Intermediate CA/L=$cluster"
  printf 'basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,keyCertSign\nsubjectAltName=DNS:istiod.istio-system.svc\n' > extensions
  openssl x509 -req -in ca.csr -CA root-cert.pem -CAkey root-key.pem -CAcreateserial -days 730 -extfile extensions -out "$cluster/ca-cert.pem" 2>/dev/null
  cat "$cluster/ca-cert.pem" root-cert.pem > "$cluster/cert-chain.pem"
  on "$cluster" create namespace istio-system
  on "$cluster" label namespace istio-system "topology.istio.io/network=network$number"
  on "$cluster" label nodes --all "topology.kubernetes.io/region=region$number" "topology.kubernetes.io/zone=zone$number"
  on "$cluster" --namespace istio-system create secret generic cacerts --from-file="$cluster/ca-cert.pem" --from-file="$cluster/ca-key.pem" \
    --from-file=root-cert.pem --from-file="$cluster/cert-chain.pem"
done
cd "$here"
lap certificates

number=0
for cluster in "${clusters[@]}"; do
  number=$((number + 1))
  # An istioctl that is not of a release has another hub and tag.
  identity=(--set hub=docker.io/istio --set tag=1.20.1 --set values.global.meshID=mesh1 --set "values.global.multiCluster.clusterName=$cluster" --set "values.global.network=network$number")
  istioctl install --context "$cluster" --skip-confirmation --manifests "$istio/manifests" "${identity[@]}" "$@"
  cat > "$work/gateway.yaml" <<YAML
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: eastwest}
spec:
  profile: empty
  components:
    ingressGateways:
      - name: istio-eastwestgateway
        label: {istio: eastwestgateway, app: istio-eastwestgateway, topology.istio.io/network: network$number}
        enabled: true
        k8s:
          env: [{name: ISTIO_META_REQUESTED_NETWORK_VIEW, value: network$number}]
          service:
            ports:
              - {name: status-port, port: 15021, targetPort: 15021}
              - {name: tls, port: 15443, targetPort: 15443}
              - {name: tls-istiod, port: 15012, targetPort: 15012}
              - {name: tls-webhook, port: 15017, targetPort: 15017}
  values:
    gateways: {istio-ingressgateway: {injectionTemplate: gateway}}
YAML
  istioctl install --context "$cluster" --skip-confirmation --manifests "$istio/manifests" "${identity[@]}" --filename "$work/gateway.yaml"
  on "$cluster" --namespace istio-system apply --filename "$istio/samples/multicluster/expose-services.yaml"
done
lap Istio

istioctl create-remote-secret --context "${clusters[0]}" --name "${clusters[0]}" | on "${clusters[1]}" apply --filename -
istioctl create-remote-secret --context "${clusters[1]}" --name "${clusters[1]}" | on "${clusters[0]}" apply --filename -
lap "remote secrets"

number=0
for cluster in "${clusters[@]}"; do
  number=$((number + 1))
  on "$cluster" create namespace sample
  on "$cluster" label namespace sample istio-injection=enabled
  on "$cluster" --namespace sample apply --filename "$istio/samples/helloworld/helloworld.yaml" --selector service=helloworld
  on "$cluster" --namespace sample apply --filename "$istio/samples/helloworld/helloworld.yaml" --selector "version=v$number"
  on "$cluster" --namespace sample apply --filename "$istio/samples/sleep/sleep.yaml"
done
number=0
for cluster in "${clusters[@]}"; do
  number=$((number + 1))
  on "$cluster" --namespace sample rollout status "deployment/helloworld-v$number" deployment/sleep --timeout 5m
done
lap applications

for cluster in "${clusters[@]}"; do
  deadline=$((SECONDS + 180))
  until answers=$(for _ in $(seq 20); do on "$cluster" --namespace sample exec deployment/sleep --container sleep -- curl --silent --max-time 5 helloworld.sample:5000/hello || true; done) &&
    grep -q 'version: v1' <<<"$answers" && grep -q 'version: v2' <<<"$answers"; do
    ((SECONDS < deadline)) || { echo "$cluster does not reach both versions" >&2; exit 1; }
  done
  echo "$cluster: v1 $(grep -c 'version: v1' <<<"$answers"), v2 $(grep -c 'version: v2' <<<"$answers")"
done
lap counting
