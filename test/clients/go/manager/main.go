// A controller-runtime manager as kubebuilder scaffolds it: a custom resource, a reconciler that keeps a ConfigMap for each
// object and reports in its status, a finalizer, an index, and the manager's cache over all of it. Ends with 0 when the
// world came to be as it should.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	group     = "clients.k8ts.dev"
	finalizer = group + "/tidy"
)

var greetings = schema.GroupVersionKind{Group: group, Version: "v1", Kind: "Greeting"}

func check(err error, what string) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
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

func greeting(name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(greetings)
	object.SetNamespace("default")
	object.SetName(name)
	return object
}

func definition() *apiextensionsv1.CustomResourceDefinition {
	text := apiextensionsv1.JSONSchemaProps{Type: "string"}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "greetings." + group},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: group,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "greetings", Singular: "greeting", Kind: "Greeting", ListKind: "GreetingList"},
			Scope: apiextensionsv1.NamespaceScoped,
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object",
					Properties: map[string]apiextensionsv1.JSONSchemaProps{
						"spec": {Type: "object", Required: []string{"text"}, Properties: map[string]apiextensionsv1.JSONSchemaProps{
							"text": {Type: "string", MinLength: new(int64), XValidations: apiextensionsv1.ValidationRules{{Rule: "self != 'forbidden'", Message: "must not be forbidden"}}},
						}},
						"status": {Type: "object", Properties: map[string]apiextensionsv1.JSONSchemaProps{"said": text}},
					},
				}},
			}},
		},
	}
}

type reconciler struct{ client.Client }

func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	object := greeting(request.Name)
	if err := r.Get(ctx, request.NamespacedName, object); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if object.GetDeletionTimestamp() != nil {
		if controllerutil.RemoveFinalizer(object, finalizer) {
			return reconcile.Result{}, r.Update(ctx, object)
		}
		return reconcile.Result{}, nil
	}
	if controllerutil.AddFinalizer(object, finalizer) {
		return reconcile.Result{}, r.Update(ctx, object)
	}
	text, _, _ := unstructured.NestedString(object.Object, "spec", "text")
	configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: request.Namespace, Name: request.Name}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, configMap, func() error {
		configMap.Data = map[string]string{"text": text}
		return controllerutil.SetControllerReference(object, configMap, r.Scheme())
	})
	if err != nil {
		return reconcile.Result{}, err
	}
	said, _, _ := unstructured.NestedString(object.Object, "status", "said")
	if said == text {
		return reconcile.Result{}, nil
	}
	before := object.DeepCopy()
	check(unstructured.SetNestedField(object.Object, text, "status", "said"), "set the status")
	return reconcile.Result{}, r.Status().Patch(ctx, object, client.MergeFrom(before))
}

func main() {
	ctrl.SetLogger(zap.New())
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	check(err, "kubeconfig")
	scheme := runtime.NewScheme()
	check(clientgoscheme.AddToScheme(scheme), "scheme")
	check(apiextensionsv1.AddToScheme(scheme), "scheme")
	direct, err := client.New(config, client.Options{Scheme: scheme})
	check(err, "client")

	check(direct.Create(ctx, definition()), "create the CRD")
	eventually("the CRD to be established", func() bool {
		crd := definition()
		if direct.Get(ctx, client.ObjectKeyFromObject(crd), crd) != nil {
			return false
		}
		for _, condition := range crd.Status.Conditions {
			if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
				return true
			}
		}
		return false
	})

	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Metrics: server.Options{BindAddress: "0"},
		LeaderElection: true, LeaderElectionID: "greetings." + group, LeaderElectionNamespace: "default",
	})
	check(err, "manager")
	check(manager.GetFieldIndexer().IndexField(ctx, &corev1.ConfigMap{}, "data.text", func(object client.Object) []string {
		return []string{object.(*corev1.ConfigMap).Data["text"]}
	}), "index")
	check(ctrl.NewControllerManagedBy(manager).For(greeting("")).Owns(&corev1.ConfigMap{}).Complete(&reconciler{manager.GetClient()}), "controller")
	go func() { check(manager.Start(ctx), "manager") }()
	cached := manager.GetClient()

	one := greeting("one")
	check(unstructured.SetNestedField(one.Object, "hello", "spec", "text"), "spec")
	check(direct.Create(ctx, one), "create a greeting")
	forbidden := greeting("two")
	check(unstructured.SetNestedField(forbidden.Object, "forbidden", "spec", "text"), "spec")
	if err := direct.Create(ctx, forbidden); !apierrors.IsInvalid(err) {
		log.Fatalf("a rule of the schema was not applied: %v", err)
	}
	key := client.ObjectKeyFromObject(one)
	eventually("the ConfigMap and the status", func() bool {
		list := &corev1.ConfigMapList{}
		object := greeting("one")
		if cached.List(ctx, list, client.MatchingFields{"data.text": "hello"}) != nil || direct.Get(ctx, key, object) != nil {
			return false
		}
		said, _, _ := unstructured.NestedString(object.Object, "status", "said")
		return len(list.Items) == 1 && said == "hello"
	})

	// Somebody takes the ConfigMap away: the reconciler owns it, and brings it back.
	first := &corev1.ConfigMap{}
	check(direct.Get(ctx, key, first), "get")
	check(direct.Delete(ctx, first), "delete")
	eventually("the ConfigMap to be back", func() bool {
		again := &corev1.ConfigMap{}
		return direct.Get(ctx, key, again) == nil && again.UID != first.UID
	})

	check(direct.Delete(ctx, one), "delete the greeting")
	eventually("the greeting to be gone, and the ConfigMap with it", func() bool {
		return apierrors.IsNotFound(direct.Get(ctx, key, greeting("one"))) && apierrors.IsNotFound(direct.Get(ctx, key, &corev1.ConfigMap{}))
	})
	check(direct.Delete(ctx, definition()), "delete the CRD")
	eventually("the kind to be gone", func() bool {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(greetings)
		err := direct.List(ctx, list)
		return meta.IsNoMatchError(err) || apierrors.IsNotFound(err)
	})
	fmt.Println("controller-runtime: all went well")
}
