// Package pin keeps the Gateway API module in go.mod: without an import, `go mod tidy` drops it.
package pin

import _ "sigs.k8s.io/gateway-api/pkg/consts" // Its smallest package; nothing of it is used.
