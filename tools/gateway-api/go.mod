// The Gateway API resource definitions that the fleet tests and the demo install on their clusters.
//
// Only the files under config/crd are used; requiring the module lets go.sum pin them. v1.6 is the
// newest release line that Go 1.26 accepts: v1.7.0 asks for Go 1.27.
module bastide/tools/gateway-api

go 1.26.0

require sigs.k8s.io/gateway-api v1.6.3
