"""The phone page: four drawn phones on the pretend network of a running demo, in a browser.

One person plays a whole story here: report on one phone, the alert arrives on the next, answer
there. The browser never talks to the gateway. `app` takes its wishes, `room` holds the phones, and
each of them goes through the stand-in for Africa's Talking, which does what a network does; so what
is seen is the real wire. `docs/phone-page.md` describes the page and the JSON of a recording.
"""
