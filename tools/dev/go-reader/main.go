// Reads contexts as a service with OpenTelemetry Go reads them from a message: one line is
// "traceparent tracestate baggage", where "-" stands for a header that is not there. Prints one line
// for each: "TRACE-ID SPAN-ID FLAGS TRACESTATE BAGGAGE", with "-" for parts that were not extracted.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sort"
	"strings"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// members returns key=value pairs in the order of their keys, with values decoded and quoted.
func members(items baggage.Baggage) string {
	var texts []string
	for _, each := range items.Members() {
		texts = append(texts, fmt.Sprintf("%s=%q", each.Key(), each.Value()))
	}
	sort.Strings(texts)
	return strings.Join(texts, ",")
}

func main() {
	propagator := propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		values := strings.Fields(lines.Text())
		if len(values) != 3 {
			fmt.Fprintf(os.Stderr, "not three values: %q\n", lines.Text())
			os.Exit(2)
		}
		carrier := propagation.MapCarrier{}
		for i, name := range []string{"traceparent", "tracestate", "baggage"} {
			if values[i] != "-" {
				carrier[name] = values[i]
			}
		}
		ctx := propagator.Extract(context.Background(), carrier)
		span := trace.SpanContextFromContext(ctx)
		ids := "- - -"
		if span.IsValid() {
			ids = fmt.Sprintf("%s %s %s", span.TraceID(), span.SpanID(), span.TraceFlags())
		}
		fmt.Println(ids, orDash(span.TraceState().String()), orDash(members(baggage.FromContext(ctx))))
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
