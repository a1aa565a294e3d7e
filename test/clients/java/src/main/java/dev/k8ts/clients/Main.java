package dev.k8ts.clients;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** What the fabric8 client does with its default settings. Ends with 0 when all of it went as it should. */
public final class Main {
  private static final String NAMESPACE = "java";

  private static void must(boolean condition, String what) {
    if (!condition) throw new IllegalStateException(what);
  }

  private static void eventually(String what, BooleanSupplier condition) throws InterruptedException {
    for (int tries = 0; tries < 300; tries++) {
      if (condition.getAsBoolean()) return;
      Thread.sleep(100);
    }
    throw new IllegalStateException("never came true: " + what);
  }

  /** What is edited is what was there: a controller may have written its status since. */
  private static void retryOnConflict(Runnable change) throws InterruptedException {
    for (int tries = 1; ; tries++) {
      try {
        change.run();
        return;
      } catch (KubernetesClientException error) {
        if (error.getCode() != 409 || tries == 10) throw error;
        Thread.sleep(100);
      }
    }
  }

  public static void main(String[] args) throws Exception {
    try (KubernetesClient client = new KubernetesClientBuilder().build()) {
      client.namespaces().resource(new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build()).create();
      eventually("the service account", () -> client.serviceAccounts().inNamespace(NAMESPACE).withName("default").get() != null);
      pods(client);
      deployment(client);
      patches(client);
      client.namespaces().withName(NAMESPACE).delete();
      client.namespaces().withName(NAMESPACE).waitUntilCondition(namespace -> namespace == null, 60, TimeUnit.SECONDS);
    }
    System.out.println("fabric8: all went well");
    System.exit(0);
  }

  private static void pods(KubernetesClient client) throws Exception {
    AtomicInteger added = new AtomicInteger();
    AtomicInteger deleted = new AtomicInteger();
    var informer = client.pods().inNamespace(NAMESPACE).inform(new ResourceEventHandler<Pod>() {
      @Override public void onAdd(Pod pod) { added.incrementAndGet(); }
      @Override public void onUpdate(Pod before, Pod after) { }
      @Override public void onDelete(Pod pod, boolean unknown) { deleted.incrementAndGet(); }
    });
    client.pods().inNamespace(NAMESPACE).resource(new PodBuilder()
        .withNewMetadata().withName("web").endMetadata()
        .withNewSpec().addNewContainer().withName("main").withImage("busybox:1.36").withCommand("sh", "-c", "echo up; sleep 3600").endContainer().endSpec()
        .build()).create();
    var web = client.pods().inNamespace(NAMESPACE).withName("web");
    web.waitUntilReady(60, TimeUnit.SECONDS);
    eventually("the log", () -> web.getLog().equals("up\n"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (var exec = web.writingOutput(out).exec("echo", "hello")) {
      must(exec.exitCode().get(30, TimeUnit.SECONDS) == 0, "exec failed");
    }
    must(out.toString().equals("hello\n"), "exec said " + out);
    web.withGracePeriod(0).delete();
    eventually("the informer to see it come and go", () -> added.get() == 1 && deleted.get() == 1);
    informer.close();
  }

  private static void deployment(KubernetesClient client) throws Exception {
    Map<String, String> app = Map.of("app", "web");
    client.apps().deployments().inNamespace(NAMESPACE).resource(new DeploymentBuilder()
        .withNewMetadata().withName("web").endMetadata()
        .withNewSpec().withReplicas(2).withNewSelector().withMatchLabels(app).endSelector()
        .withNewTemplate().withNewMetadata().withLabels(app).endMetadata()
        .withNewSpec().addNewContainer().withName("main").withImage("example.com/web:1").endContainer().endSpec().endTemplate().endSpec()
        .build()).create();
    var web = client.apps().deployments().inNamespace(NAMESPACE).withName("web");
    web.waitUntilReady(60, TimeUnit.SECONDS);
    web.scale(1);
    eventually("one pod", () -> client.pods().inNamespace(NAMESPACE).withLabels(app).list().getItems().size() == 1);
    retryOnConflict(() -> web.edit(
        current -> new DeploymentBuilder(current).editMetadata().addToAnnotations("edited", "yes").endMetadata().build()));
    must("yes".equals(web.get().getMetadata().getAnnotations().get("edited")), "the edit is lost");
  }

  private static void patches(KubernetesClient client) {
    var maps = client.configMaps().inNamespace(NAMESPACE);
    ConfigMap object = new ConfigMapBuilder().withNewMetadata().withName("applied").endMetadata().addToData("key", "a").build();
    maps.resource(object).serverSideApply();
    ConfigMap other = new ConfigMapBuilder(object).addToData("key", "b").build();
    try {
      maps.resource(other).fieldManager("other").serverSideApply();
      throw new IllegalStateException("no conflict of managers");
    } catch (KubernetesClientException error) {
      must(error.getCode() == 409, "refused with " + error.getCode());
    }
    maps.resource(other).fieldManager("other").forceConflicts().serverSideApply();
    maps.withName("applied").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"merge\":\"yes\"}}");
    maps.withName("applied").patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"strategic\":\"yes\"}}");
    must(maps.withName("applied").get().getData().size() == 3, "the patches are lost");
    GenericKubernetesResource generic = client.genericKubernetesResources("v1", "ConfigMap").inNamespace(NAMESPACE).withName("applied").get();
    must("b".equals(generic.get("data", "key")), "the generic client sees " + generic);
  }
}
