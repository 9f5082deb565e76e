# SPDX-License-Identifier: Apache-2.0
"""The Alibaba-to-AWS scenario on the in-memory internet: both gateways, a ping, the primary tunnel's key changed."""
from s2svpn import Driver, Engine, World

world, events, ends = World(), [], {}
net = world.router("net")
for name, outside, network, host in (("alibaba", ["8.0.0.146", "8.0.0.74"], "10.0.0.1/16", "10.0.0.223"),
                                     ("aws", ["3.0.0.52", "3.0.0.99", "3.0.0.56", "3.0.0.98"], "192.168.0.1/16", "192.168.10.113")):
    node, machine = world.gateway(name), world.host("host-" + name)
    outer, inner = world.link("outer-" + name, node, net), world.link("inner-" + name, machine, node)
    for address in outside:
        node.address(outer, address + "/32")
        net.route(address + "/32", outer)
    node.route("0.0.0.0/0", outer), node.address(inner, network)
    machine.address(inner, host + "/16"), machine.route("0.0.0.0/0", inner)
    engine = Engine()
    driver = Driver(engine, world.loop, node.kernel, events.append)
    ends[name] = (engine, engine.gateway(name=name, profile=name, addresses=outside, vpc_cidrs=[network.replace("0.1/", "0.0/")],
                                         route_tables=[dict(name="main", system=1, propagate=1)]), machine, driver)
aws, ali = ends["aws"][1], ends["alibaba"][1]
psk = []
for i, far in enumerate(["8.0.0.146", "8.0.0.74"]):  # step 2: two customer gateways, two connections, tunnel 1 of each
    aws.customer_gateway(name="cgw%d" % i, profile="alibaba", ip_address=far)
    made = aws.connection(name="vpn%d" % i, customer_gateway="cgw%d" % i, local_subnets=["192.168.0.0/16"],
                          remote_subnets=["10.0.0.0/16"], tunnels=[{}, {}])
    aws.route(type=2, destination="10.0.0.0/16", connection="vpn%d" % i)
    psk.append(made.psk(1))
for i, far in enumerate(["3.0.0.52", "3.0.0.56"]):  # step 3: with what AWS handed out
    ali.customer_gateway(name="ugw%d" % i, profile="aws", ip_address=far)
both = ali.connection(name="to-aws", route_mode=0, effect_immediately=1, local_subnets=["10.0.0.0/16"],
                      remote_subnets=["192.168.0.0/16"], tunnels=[dict(customer_gateway="ugw%d" % i, psk=psk[i],
                      ike_lifetime=28800, ipsec_lifetime=3600) for i in (0, 1)])
ali.route(type=0, source="10.0.0.0/16", destination="192.168.0.0/16", connection="to-aws", publish=1)
drivers = [driver for _, _, _, driver in ends.values()]
[driver.kick() for driver in drivers]
world.run(5)
ping = ends["alibaba"][2].ping("192.168.10.113", count=500)  # step 4: five seconds of pings, the key changed meanwhile
world.run(2)
both.modify(1, world.now, psk="not-the-key-of-aws"), drivers[0].kick()
world.run(10)
print("\n".join(str(event) for event in events))
print("sent %d received %d, active tunnel %d" % (ping.stats.sent, ping.stats.answered, 2 if both.tunnel(2).active else 1))
[driver.close() for driver in drivers]
