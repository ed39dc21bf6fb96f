module waybill/tools/dev/go-reader

go 1.24.0

require (
	go.opentelemetry.io/otel v1.41.0
	go.opentelemetry.io/otel/trace v1.41.0
)

require github.com/cespare/xxhash/v2 v2.3.0 // indirect
