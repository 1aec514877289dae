// Prints what Google's own client of the metadata server finds, as JSON. With the argument
// `watch` it prints the values of maintenance-event one by one, until it is TERMINATE.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"cloud.google.com/go/compute/metadata"
)

func main() {
	ctx := context.Background()
	if len(os.Args) > 1 && os.Args[1] == "watch" {
		watch(ctx)
		return
	}
	seen := map[string]any{"on_gce": metadata.OnGCE()}
	for name, ask := range map[string]func(context.Context) (string, error){
		"name":    metadata.InstanceNameWithContext,
		"project": metadata.ProjectIDWithContext,
		"number":  metadata.NumericProjectIDWithContext,
		"zone":    metadata.ZoneWithContext,
		"host":    metadata.HostnameWithContext,
		"ip":      metadata.InternalIPWithContext,
		"id":      metadata.InstanceIDWithContext,
	} {
		seen[name] = value(ask(ctx))
	}
	for _, name := range []string{"accelerator-type", "agent-worker-number", "tpu-env", "kube-labels"} {
		seen[name] = value(metadata.InstanceAttributeValueWithContext(ctx, name))
	}
	_, err := metadata.InstanceAttributeValueWithContext(ctx, "no-such-attribute")
	_, undefined := err.(metadata.NotDefinedError)
	seen["undefined"] = undefined
	attributes, _ := metadata.InstanceAttributesWithContext(ctx)
	seen["attributes"] = attributes
	seen["interfaces"] = value(metadata.GetWithContext(ctx, "instance/network-interfaces/?recursive=true&alt=json"))
	_ = json.NewEncoder(os.Stdout).Encode(seen)
}

func value(text string, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return text
}

func watch(ctx context.Context) {
	done := fmt.Errorf("done")
	err := metadata.SubscribeWithContext(ctx, "instance/maintenance-event",
		func(_ context.Context, value string, ok bool) error {
			fmt.Println(value)
			if value == "TERMINATE_ON_HOST_MAINTENANCE" {
				return done
			}
			return nil
		})
	if err != done {
		panic(err)
	}
}
