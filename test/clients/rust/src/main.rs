//! What kube-rs does with its default settings: watchers, a reflector, a controller, apply, exec and logs. Ends with 0 when
//! all of it went as it should.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Secret, ServiceAccount};
use kube::{
    Api, Client, Error, ResourceExt,
    api::{AttachParams, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams},
    runtime::{
        Controller, WatchStreamExt,
        controller::Action,
        reflector,
        wait::{await_condition, conditions::is_pod_running},
        watcher,
    },
};
use serde_json::{from_value, json};
use tokio::{io::AsyncReadExt, time::sleep};

const NAMESPACE: &str = "rust";

async fn eventually<F: AsyncFnMut() -> bool>(what: &str, mut condition: F) -> Result<()> {
    for _ in 0..300 {
        if condition().await {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("never came true: {what}")
}

#[tokio::main]
async fn main() -> Result<()> {
    let client = Client::try_default().await?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.create(&PostParams::default(), &from_value(json!({"metadata": {"name": NAMESPACE}}))?).await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), NAMESPACE);
    eventually("the service account", async || accounts.get("default").await.is_ok()).await?;

    pod(client.clone()).await.context("a pod")?;
    apply(client.clone()).await.context("apply")?;
    control(client.clone()).await.context("a controller")?;

    namespaces.delete(NAMESPACE, &DeleteParams::default()).await?;
    eventually("the namespace to be gone", async || matches!(namespaces.get(NAMESPACE).await, Err(Error::Api(status)) if status.code == 404)).await?;
    println!("kube-rs: all went well");
    Ok(())
}

async fn pod(client: Client) -> Result<()> {
    let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
    let (reader, writer) = reflector::store();
    // The streaming form is what client-go calls WatchList.
    let stream = reflector(writer, watcher(pods.clone(), watcher::Config::default().streaming_lists()));
    let following = tokio::spawn(async move { stream.default_backoff().applied_objects().try_for_each(async |_| Ok(())).await });

    pods.create(&PostParams::default(), &from_value(json!({
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", "echo up; sleep 3600"]}]},
    }))?).await?;
    tokio::time::timeout(Duration::from_secs(60), await_condition(pods.clone(), "web", is_pod_running())).await??;
    eventually("the log", async || pods.logs("web", &LogParams::default()).await.is_ok_and(|text| text == "up\n")).await?;
    let mut attached = pods.exec("web", ["echo", "hello"], &AttachParams::default().stderr(false)).await?;
    let mut said = String::new();
    attached.stdout().context("no output")?.read_to_string(&mut said).await?;
    ensure!(said == "hello\n", "exec said {said:?}");
    eventually("the reflector to know the pod", async || reader.state().iter().any(|pod| pod.name_any() == "web")).await?;
    pods.delete("web", &DeleteParams::default().grace_period(0)).await?;
    eventually("the reflector to forget the pod", async || reader.state().is_empty()).await?;
    following.abort();
    Ok(())
}

async fn apply(client: Client) -> Result<()> {
    let config_maps: Api<ConfigMap> = Api::namespaced(client, NAMESPACE);
    let object = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"key": value}});
    let first = config_maps.patch("applied", &PatchParams::apply("one"), &Patch::Apply(object("a"))).await?;
    let again = config_maps.patch("applied", &PatchParams::apply("one"), &Patch::Apply(object("a"))).await?;
    ensure!(first.resource_version() == again.resource_version(), "applying the same again was a change");
    let refused = config_maps.patch("applied", &PatchParams::apply("other"), &Patch::Apply(object("b"))).await;
    ensure!(matches!(&refused, Err(Error::Api(status)) if status.code == 409), "no conflict: {refused:?}");
    config_maps.patch("applied", &PatchParams::apply("other").force(), &Patch::Apply(object("b"))).await?;
    let page = config_maps.list(&ListParams::default().limit(1)).await?;
    ensure!(page.items.len() == 1 && page.metadata.continue_.is_some(), "no second page");
    Ok(())
}

/// Keeps a Secret for each labelled ConfigMap.
async fn control(client: Client) -> Result<()> {
    let config_maps: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    let running = tokio::spawn(
        Controller::new(config_maps.clone(), watcher::Config::default().labels("kept=yes"))
            .owns(secrets.clone(), watcher::Config::default())
            .run(reconcile, |_, error, _| { eprintln!("{error}"); Action::requeue(Duration::from_secs(1)) }, Arc::new(secrets.clone()))
            .for_each(async |_| ()),
    );
    config_maps.create(&PostParams::default(), &from_value(json!({"metadata": {"name": "kept", "labels": {"kept": "yes"}}, "data": {"key": "value"}}))?).await?;
    eventually("the secret", async || secrets.get("kept").await.is_ok()).await?;
    secrets.delete("kept", &DeleteParams::default()).await?;
    eventually("the secret to be back", async || secrets.get("kept").await.is_ok()).await?;
    running.abort();
    config_maps.delete("kept", &DeleteParams::default()).await?;
    eventually("the secret to be collected", async || secrets.get("kept").await.is_err()).await
}

async fn reconcile(object: Arc<ConfigMap>, secrets: Arc<Api<Secret>>) -> Result<Action, Error> {
    use kube::Resource;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": object.name_any(), "ownerReferences": [object.controller_owner_ref(&())]},
        "stringData": object.data,
    });
    secrets.patch(&object.name_any(), &PatchParams::apply("keeper").force(), &Patch::Apply(secret)).await?;
    Ok(Action::await_change())
}
