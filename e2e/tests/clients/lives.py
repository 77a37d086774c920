"""The life of every kind that is served, through Google's clients for Python. What it asked for is in the emulator's log."""

import connectors
import knative
import network
import routers
import run

network.live()
network.make()
network.make_subnetwork("t", "10.8.1.0/24")
routers.live()
connectors.live()
network.remove()
run.live()
knative.live()
