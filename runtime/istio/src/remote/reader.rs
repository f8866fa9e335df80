//! The account by which control planes of other clusters read this one.

use std::{collections::BTreeMap, sync::Arc};

use meshrun_kube::{ApplyOptions, Client, Object, Origin, Reference, Validation, apply, create_namespace, find};
use meshrun_terms::{Steps, Timeout};
use serde_json::{Value, json};

use crate::{
    Error,
    install::rendering,
    operator::{Charts, Kind, Template, render_template},
};

/// The name of the account.
pub const READER: &str = "istio-reader-service-account";

/// Under this name istioctl owns the account's fields when it makes one; an install takes them over.
const FIELD_MANAGER: &str = "istio-ci";

/// Whether a cluster has the account.
///
/// # Errors
/// When the cluster does not answer.
pub async fn has_reader(client: &Client, namespace: &str, account: &str) -> Result<bool, Error> {
    let reference = Reference::new("v1/ServiceAccount", account).in_namespace(namespace);
    Ok(find(client, &reference).await?.is_some())
}

/// Make the account with its rights in a cluster that has no Istio: from the same charts, so that an install finds its own.
///
/// # Errors
/// When the charts do not render or the cluster refuses.
pub async fn create_reader(
    client: &Client,
    charts: &Arc<Charts>,
    namespace: &str,
    timeout: Timeout,
    steps: &Steps,
) -> Result<(), Error> {
    create_namespace(client, namespace, &BTreeMap::new(), timeout, steps).await?;
    let objects = {
        let (charts, namespace) = (charts.clone(), namespace.to_owned());
        rendering(move || reader(&charts, &namespace)).await?
    };
    let objects = objects.into_iter().map(|value| Object { value, origin: Origin::default() }).collect();
    let options = ApplyOptions {
        field_manager: FIELD_MANAGER.to_owned(),
        force: true,
        namespace: Some(namespace.to_owned()),
        validation: Validation::Warn,
        timeout,
        ..ApplyOptions::default()
    };
    apply(client, objects, &options, steps).await?;
    Ok(())
}

fn reader(charts: &Charts, namespace: &str) -> Result<Vec<Value>, Error> {
    let values = json!({ "global": { "istioNamespace": namespace } });
    let account = Template {
        chart: Kind::Base.chart(),
        endings: &["templates/reader-serviceaccount.yaml"],
        namespace,
        component: Kind::Base,
    };
    let rights = Template {
        chart: Kind::Pilot.chart(),
        endings: &["clusterrole.yaml", "clusterrolebinding.yaml"],
        namespace,
        component: Kind::Pilot,
    };
    let mut objects = render_template(charts, account, &values)?;
    objects.extend(render_template(charts, rights, &values)?);
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use meshrun_kube::{kind_of, name_of};

    use super::*;

    #[test]
    fn the_account_comes_with_its_rights() {
        let Some(upstream) = meshrun_tests::upstream("the_account_comes_with_its_rights") else { return };
        let charts = Charts::load(upstream.join("istio-1.20.1")).unwrap();
        let objects = reader(&charts, "mesh").unwrap();
        let named: Vec<String> =
            objects.iter().map(|object| format!("{} {}", kind_of(object), name_of(object))).collect();
        assert_eq!(named[0], "ServiceAccount istio-reader-service-account");
        assert_eq!(objects[0]["metadata"]["namespace"], "mesh");
        for wanted in ["ClusterRole istio-reader-clusterrole-mesh", "ClusterRoleBinding istio-reader-clusterrole-mesh"]
        {
            assert!(named.iter().any(|name| name == wanted), "{named:?}");
        }
    }
}
