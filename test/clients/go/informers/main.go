// What client-go does with its default settings: typed clients, shared informers (WatchList), every kind of patch, paging,
// the dynamic, metadata and discovery clients, leader election. Ends with 0 when all of it went as it should.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

const namespace = "client-go"

func check(err error, what string) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func must(condition bool, format string, args ...any) {
	if !condition {
		log.Fatalf(format, args...)
	}
}

func eventually(what string, condition func() bool) {
	for range 300 {
		if condition() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	log.Fatalf("never came true: %s", what)
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	check(err, "kubeconfig")
	clients := kubernetes.NewForConfigOrDie(config)

	_, err = clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	check(err, "create the namespace")
	eventually("the default service account", func() bool {
		_, err := clients.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})

	discover(clients)
	deployment(ctx, clients)
	protobuf(ctx, config)
	patches(ctx, clients)
	pages(ctx, clients)
	otherClients(ctx, config)
	elect(ctx, clients)

	check(clients.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{}), "delete the namespace")
	eventually("the namespace to be gone", func() bool {
		_, err := clients.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	fmt.Println("client-go: all went well")
}

func discover(clients *kubernetes.Clientset) {
	version, err := clients.Discovery().ServerVersion()
	check(err, "version")
	must(version.Minor == "36", "the server is %s", version)
	_, lists, err := clients.Discovery().ServerGroupsAndResources()
	check(err, "discovery")
	count := 0
	for _, list := range lists {
		count += len(list.APIResources)
	}
	must(count > 100, "only %d resources", count)
}

// deployment follows a Deployment and its pods through informers, from three replicas to one to none.
func deployment(ctx context.Context, clients *kubernetes.Clientset) {
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 10*time.Minute, informers.WithNamespace(namespace))
	pods := factory.Core().V1().Pods()
	deployments := factory.Apps().V1().Deployments()
	var lock sync.Mutex
	seen := map[string]int{}
	count := func(what string) {
		lock.Lock()
		defer lock.Unlock()
		seen[what]++
	}
	_, err := pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { count("added") },
		UpdateFunc: func(any, any) { count("updated") },
		DeleteFunc: func(any) { count("deleted") },
	})
	check(err, "add a handler")
	deployments.Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	three := int32(3)
	app := map[string]string{"app": "web"}
	_, err = clients.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: app},
		Spec: appsv1.DeploymentSpec{
			Replicas: &three,
			Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: app},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "example.com/web:1"}}},
			},
		},
	}, metav1.CreateOptions{})
	check(err, "create the deployment")
	ready := func(wanted int32) func() bool {
		return func() bool {
			deployment, err := deployments.Lister().Deployments(namespace).Get("web")
			return err == nil && deployment.Status.ReadyReplicas == wanted && deployment.Status.ObservedGeneration == deployment.Generation
		}
	}
	eventually("three ready replicas", ready(3))
	found, err := pods.Lister().Pods(namespace).List(labels.SelectorFromSet(app))
	check(err, "list from the cache")
	must(len(found) == 3, "the cache has %d pods", len(found))

	scale, err := clients.AppsV1().Deployments(namespace).GetScale(ctx, "web", metav1.GetOptions{})
	check(err, "get the scale")
	scale.Spec.Replicas = 1
	_, err = clients.AppsV1().Deployments(namespace).UpdateScale(ctx, "web", scale, metav1.UpdateOptions{})
	check(err, "update the scale")
	eventually("one ready replica", ready(1))

	check(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		deployment, err := clients.AppsV1().Deployments(namespace).Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return err
		}
		deployment.Spec.Template.Spec.Containers[0].Image = "example.com/web:2"
		_, err = clients.AppsV1().Deployments(namespace).Update(ctx, deployment, metav1.UpdateOptions{})
		return err
	}), "update the image")
	eventually("the new image everywhere", func() bool {
		found, _ := pods.Lister().Pods(namespace).List(labels.Everything())
		for _, pod := range found {
			if pod.Spec.Containers[0].Image != "example.com/web:2" {
				return false
			}
		}
		return len(found) == 1
	})
	foreground := metav1.DeletePropagationForeground
	check(clients.AppsV1().Deployments(namespace).Delete(ctx, "web", metav1.DeleteOptions{PropagationPolicy: &foreground}), "delete the deployment")
	eventually("no deployment and no pods", func() bool {
		_, err := deployments.Lister().Deployments(namespace).Get("web")
		found, _ := pods.Lister().Pods(namespace).List(labels.Everything())
		return apierrors.IsNotFound(err) && len(found) == 0
	})
	lock.Lock()
	defer lock.Unlock()
	must(seen["added"] >= 4 && seen["deleted"] == seen["added"], "handlers saw %v", seen)
}

// protobuf does the same over the wire format that upstream's own components use.
func protobuf(ctx context.Context, config *rest.Config) {
	proto := rest.CopyConfig(config)
	proto.ContentType = "application/vnd.kubernetes.protobuf"
	proto.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	clients := kubernetes.NewForConfigOrDie(proto)
	events, err := clients.CoreV1().Secrets(namespace).Watch(ctx, metav1.ListOptions{})
	check(err, "watch in protobuf")
	defer events.Stop()
	created, err := clients.CoreV1().Secrets(namespace).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "proto-"},
		Data:       map[string][]byte{"key": {0, 1, 254, 255}},
	}, metav1.CreateOptions{})
	check(err, "create in protobuf")
	for event := range events.ResultChan() {
		secret, ok := event.Object.(*corev1.Secret)
		must(ok, "the watch brought %T", event.Object)
		if secret.Name == created.Name {
			must(string(secret.Data["key"]) == "\x00\x01\xfe\xff", "the bytes came back as %v", secret.Data["key"])
			break
		}
	}
	_, err = clients.CoreV1().Secrets(namespace).Get(ctx, "none", metav1.GetOptions{})
	must(apierrors.IsNotFound(err), "a Status in protobuf: %v", err)
	check(clients.CoreV1().Secrets(namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}), "delete a collection in protobuf")

	factory := informers.NewSharedInformerFactory(clients, 0)
	nodes := factory.Core().V1().Nodes()
	nodes.Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	all, err := nodes.Lister().List(labels.Everything())
	check(err, "nodes")
	must(len(all) > 0, "no nodes")
}

func patches(ctx context.Context, clients *kubernetes.Clientset) {
	configMaps := clients.CoreV1().ConfigMaps(namespace)
	_, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "patched"}, Data: map[string]string{"a": "1"}}, metav1.CreateOptions{})
	check(err, "create")
	for kind, patch := range map[types.PatchType]string{
		types.MergePatchType:          `{"data":{"merge":"yes"}}`,
		types.StrategicMergePatchType: `{"data":{"strategic":"yes"}}`,
		types.JSONPatchType:           `[{"op":"add","path":"/data/json","value":"yes"}]`,
	} {
		_, err := configMaps.Patch(ctx, "patched", kind, []byte(patch), metav1.PatchOptions{})
		check(err, string(kind))
	}
	one := applycorev1.ConfigMap("patched", namespace).WithData(map[string]string{"applied": "yes"})
	applied, err := configMaps.Apply(ctx, one, metav1.ApplyOptions{FieldManager: "one"})
	check(err, "apply")
	for _, key := range []string{"a", "merge", "strategic", "json", "applied"} {
		must(applied.Data[key] != "", "%s is missing: %v", key, applied.Data)
	}
	other := applycorev1.ConfigMap("patched", namespace).WithData(map[string]string{"applied": "no"})
	_, err = configMaps.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "other"})
	must(apierrors.IsConflict(err), "a conflict of managers: %v", err)
	_, err = configMaps.Apply(ctx, other, metav1.ApplyOptions{FieldManager: "other", Force: true})
	check(err, "apply by force")
	extracted, err := applycorev1.ExtractConfigMap(applied, "one")
	check(err, "extract what one manages")
	must(extracted.Data["applied"] == "yes" && len(extracted.Data) == 1, "extracted %v", extracted.Data)
	must(len(mustJSON(applied.ManagedFields)) > 100, "no managed fields")
}

func pages(ctx context.Context, clients *kubernetes.Clientset) {
	configMaps := clients.CoreV1().ConfigMaps(namespace)
	for index := range 25 {
		_, err := configMaps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("page-%02d", index), Labels: map[string]string{"paged": "yes"}}}, metav1.CreateOptions{})
		check(err, "create")
	}
	count := 0
	reader := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) {
		return configMaps.List(ctx, options)
	}))
	reader.PageSize = 10
	check(reader.EachListItem(ctx, metav1.ListOptions{LabelSelector: "paged=yes"}, func(runtime.Object) error {
		count++
		return nil
	}), "pages")
	must(count == 25, "the pages had %d", count)
}

func otherClients(ctx context.Context, config *rest.Config) {
	resource := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	dynamicClient := dynamic.NewForConfigOrDie(config)
	_, err := dynamicClient.Resource(resource).Namespace(namespace).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "dynamic"}, "data": map[string]any{"key": "value"},
	}}, metav1.CreateOptions{})
	check(err, "create dynamically")
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(dynamicClient, 0, namespace, nil)
	informer := factory.ForResource(resource)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	_, err = informer.Lister().ByNamespace(namespace).Get("dynamic")
	check(err, "the dynamic informer's cache")

	metadataClient := metadata.NewForConfigOrDie(config)
	object, err := metadataClient.Resource(resource).Namespace(namespace).Get(ctx, "dynamic", metav1.GetOptions{})
	check(err, "metadata only")
	must(object.Name == "dynamic", "metadata only: %v", object)
	list, err := metadataClient.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
	check(err, "list metadata")
	must(len(list.Items) > 25, "metadata of %d", len(list.Items))
}

func elect(ctx context.Context, clients *kubernetes.Clientset) {
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, namespace, "leader", clients.CoreV1(), clients.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: "me"})
	check(err, "the lock")
	leading, stop := context.WithCancel(ctx)
	led := false
	leaderelection.RunOrDie(leading, leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { led = true; stop() },
			OnStoppedLeading: func() {},
		},
	})
	must(led, "never led")
}

func mustJSON(value any) string {
	text, err := json.Marshal(value)
	check(err, "json")
	return string(text)
}
