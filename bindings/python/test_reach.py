# SPDX-License-Identifier: Apache-2.0
"""What Python reaches beside the scenario: configurations, refusals, effective values, device files in and out, BGP, metrics,
diagnosis."""
import json

import s2svpn

CONFIG = {
    "gateway": {"name": "left", "profile": "generic", "addresses": "203.0.113.1", "asn": 65001, "vpc": {"cidr": "10.1.0.0/16"}},
    "customer_gateways": [{"name": "right", "ip_address": "203.0.113.2", "asn": 65002}],
    "connections": [{"name": "net", "customer_gateway": "right", "enable_bgp": True, "tunnels": [
        {"psk": "kT4vYp0sQe8uZr1nBx7m", "bgp": {"tunnel_cidr": "169.254.9.0/30", "import": "permit"}}]}],
}
config = s2svpn.Config(json.dumps(CONFIG))
assert [one.code for one in config.issues] == ["bgp_without_policy"], config.issues
values = {one["path"]: one for one in config.effective()}
assert values["connections[0].tunnels[0].dpd.timeout"]["origin"] == "default"
assert values["connections[0].tunnels[0].psk"]["value"] == "(secret)"

try:
    s2svpn.Config(json.dumps(CONFIG).replace('"asn": 65001', '"asnn": 65001'))
    raise SystemExit("a misspelt key was taken")
except s2svpn.Refused as refused:
    assert ("gateway.asnn", "65001") == refused.errors[0][:2] or refused.errors[0][0] == "gateway.asnn", refused.errors
    assert "did you mean asn?" in str(refused), refused

engine = s2svpn.Engine()
gateway = config.apply(engine)
assert gateway.name == "left" and engine.status()["gateway"]["name"] == "left"
assert 's2s_tunnel_up{gateway="left",connection="net",tunnel="1"} 0' in engine.metrics()
net = gateway.find("net")
assert gateway.find("nobody") is None
assert net.diagnose(gateway)["connection"] == "net"
assert list(gateway.bgp_routes()) == [] and isinstance(gateway.bgp_neighbors(), list)
assert gateway.explain("10.1.0.1", "10.2.0.1")
try:
    net.rekey(1, 1)
    raise SystemExit("a tunnel that is down was rekeyed")
except s2svpn.Error as error:
    assert error.code < 0 and not isinstance(error, s2svpn.Refused)

aws = s2svpn.Engine()
vgw = aws.gateway(name="vgw", profile="aws", addresses=["3.0.0.52", "3.0.0.53"], vpc_cidrs=["192.168.0.0/16"],
                  route_tables=[dict(name="main", system=1, propagate=1)])
vgw.customer_gateway(name="cgw", profile="generic", ip_address="203.0.113.9")
made = vgw.connection(name="vpn", customer_gateway="cgw", tunnels=[dict(bgp_tunnel_cidr="169.254.10.0/30"),
                                                                  dict(bgp_tunnel_cidr="169.254.11.0/30")])
back = s2svpn.import_files(made.export("generic"), name="router", remote_networks="192.168.0.0/16")
assert json.loads(back.text)["gateway"]["name"] == "router"
s2svpn.Config(back.text)
try:
    s2svpn.import_files("{")
    raise SystemExit("half a file was taken")
except s2svpn.Refused as refused:
    assert refused.errors
print("python reaches configurations, files, BGP, metrics and diagnosis")
