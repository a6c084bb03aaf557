/** The real client that the conformance suite runs where it can be had. This is the only place that says which. */
export const labctlModule = "github.com/iximiuz/labctl";
export const labctlVersion = "v0.1.107";
