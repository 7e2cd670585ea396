package testbed

import (
	"archive/tar"
	"bytes"
	"context"
	"strings"

	"github.com/gatewaylab/lab/fixtures/backends/protocol"
	"github.com/gatewaylab/lab/internal/engine"
)

// container creates the container of a role.
func (t *Testbed) container(ctx context.Context, spec engine.ContainerSpec, role string) (string, error) {
	spec.Name = t.Name + "-" + role
	labels := map[string]string{engine.LabelRole: role}
	for k, v := range spec.Labels {
		labels[k] = v
	}
	spec.Labels = labels
	switch {
	case t.network != "":
		spec.Network = t.network
	case role != "backend":
		spec.Network = "none"
	default:
		spec.Network = "container:" + t.ids[0]
	}
	switch role {
	case "nginx":
		spec.Volume, spec.Memory = volume, nginxMemory
	case "helper":
		spec.Memory = nginxMemory
	default:
		spec.Memory = int64(t.memory)
		if t.network != "" {
			spec.Aliases = []string{backendAlias}
		}
	}
	if role != "helper" && !strings.HasPrefix(spec.Network, "container:") {
		spec.Sysctls = map[string]string{
			"net.ipv4.ip_unprivileged_port_start": "0", // nginx listens on port 80 without the capability for it
			"net.ipv6.conf.all.disable_ipv6":      "0", // without a network the engine switches ::1 off
		}
	}
	if t.addresses && spec.Sysctls != nil {
		spec.Sysctls["net.ipv6.ip_nonlocal_bind"] = "1" // a local route is enough for IPv4 only
	}
	id, err := t.equipment.Engine.Create(ctx, spec)
	if err != nil {
		return "", err
	}
	t.ids = append(t.ids, id)
	return id, nil
}

// agentTar holds the agent and the folder for sockets.
func agentTar(agent []byte) *bytes.Buffer {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	// Writing to a buffer does not fail.
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(protocol.SocketDir, volume+"/") + "/", Mode: 0o755})
	_ = w.WriteHeader(
		&tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(agentPath, volume+"/"), Mode: 0o755, Size: int64(len(agent))},
	)
	_, _ = w.Write(agent)
	_ = w.Close()
	return &b
}
