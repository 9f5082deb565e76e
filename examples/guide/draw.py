#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The guide's pictures, as SVG.

    draw.py topology                     the scenario, from the configurations of this folder
    draw.py ping ping-PHASE.txt TITLE    what ali-aws --artifacts wrote: each request, answered or lost, over time

Writes to the standard output; needs nothing but Python.
"""
import json
import os
import re
import sys
from html import escape

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = ('<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" font-family="sans-serif" '
        'font-size="13">\n<rect width="{0}" height="{1}" fill="#ffffff"/>\n')


def text(x, y, words, anchor="start", colour="#222222", size=13):
    return '<text x="%g" y="%g" text-anchor="%s" fill="%s" font-size="%d">%s</text>\n' % (x, y, anchor, colour, size, escape(words))


def box(x, y, width, height, colour):
    return '<rect x="%g" y="%g" width="%g" height="%g" rx="6" fill="%s" stroke="#444444"/>\n' % (x, y, width, height, colour)


def line(x, y, to_x, to_y, colour="#444444", width=1.5, dash=""):
    return '<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="%s" stroke-width="%g"%s/>\n' % (
        x, y, to_x, to_y, colour, width, ' stroke-dasharray="%s"' % dash if dash else "")


def load(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return json.load(file)


def topology():
    """Two gateways, two tunnels, a host at each end."""
    ali, aws = load("alibaba-bgp.json"), load("aws-bgp.json")
    out = HEAD.format(860, 300)
    out += box(20, 40, 200, 200, "#fff4e5") + text(120, 62, "Alibaba Cloud VPC " + ali["gateway"]["vpc"]["cidr"], "middle", size=12)
    out += box(640, 40, 200, 200, "#eaf3ff") + text(740, 62, "AWS VPC " + aws["gateway"]["vpc"]["cidr"], "middle", size=12)
    out += box(35, 80, 170, 90, "#ffffff") + text(120, 100, "VPN gateway (VPN网关)", "middle")
    out += box(655, 80, 170, 90, "#ffffff") + text(740, 100, "virtual private gateway", "middle")
    out += box(75, 195, 90, 34, "#ffffff") + text(120, 216, "10.0.0.223", "middle") + line(120, 170, 120, 195)
    out += box(685, 195, 110, 34, "#ffffff") + text(740, 216, "192.168.10.113", "middle") + line(740, 170, 740, 195)
    for number, tunnel in enumerate(ali["connections"][0]["tunnels"]):
        y, colour = 122 + 32 * number, ("#1a7f37", "#9a6700")[number]
        far = aws["gateway"]["addresses"][2 * number]
        out += line(205, y, 655, y, colour, 5)
        out += text(198, y + 5, ali["gateway"]["addresses"][number], "end", size=11) + text(662, y + 5, far, size=11)
        words = "tunnel %d (%s)   inside %s" % (number + 1, ("主隧道 master", "备隧道 slave")[number], tunnel["bgp"]["tunnel_cidr"])
        out += text(430, y - 7, words, "middle", colour, 12)
    out += text(430, 270, "Tunnel 2 of each AWS connection is configured and stays DOWN: it has nobody at its other end.", "middle",
                "#666666", 12)
    return out + "</svg>\n"


def read_ping(name):
    """(sequence -> round trip in ms) and how many were sent."""
    answers, sent = {}, 0
    with open(name, encoding="utf-8") as file:
        for row in file:
            match = re.search(r"icmp_seq=(\d+).*time=([\d.]+) ms", row)
            if match:
                answers.setdefault(int(match.group(1)), float(match.group(2)))
            match = re.match(r"(\d+) packets transmitted", row)
            if match:
                sent = int(match.group(1))
    return answers, sent or max(answers)


def ping(name, title):
    """A mark a request: its round trip as height, red on the ground when it was lost."""
    answers, sent = read_ping(name)
    width, ground, top = 820, 190, 40
    highest = max(answers.values())
    out = HEAD.format(860, 240) + text(20, 24, title, size=15)
    out += line(20, ground, 20 + width, ground)
    answered, silent = "", ""
    for sequence in range(1, sent + 1):
        x = 20 + width * (sequence - 1) / max(sent - 1, 1)
        if sequence in answers:
            answered += "M%.1f %dv-%d" % (x, ground, (ground - top) * answers[sequence] / (1.2 * highest))
        else:
            silent += "M%.1f %dv-%d" % (x, ground, ground - top)
    out += '<path stroke="#1a7f37" d="%s"/>\n<path stroke="#cf222e" d="%s"/>\n' % (answered, silent)
    lost = sent - len(answers)
    out += text(20, 212, "0 s") + text(20 + width, 212, "%.1f s" % (sent / 100), "end")
    out += text(430, 228, "%d requests, %d lost (red); green: round trip, %.1f ms at most" % (sent, lost, highest), "middle", "#666666")
    return out + "</svg>\n"


def main():
    if sys.argv[1:] == ["topology"]:
        sys.stdout.write(topology())
    elif len(sys.argv) == 4 and sys.argv[1] == "ping":
        sys.stdout.write(ping(sys.argv[2], sys.argv[3]))
    else:
        sys.stderr.write(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
