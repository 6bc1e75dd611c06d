import yaml

def safe(x):
    y = clean(x)
    sink(y)

def unsafe(x):
    sink(x)
    sink("constant")
    sink(x + "a")

def nested(x):
    with lock:
        sink(x)
        if x:
            sink(x.y)
    sink(len(x))

class K:
    def m(self):
        sink(self.a)

sink(top)
other(top, 1)
other(top, 10)
other(top, "100")
other(top, -5)
cfg(mode="r")
cfg(mode="w")
cfg(mode=MODE)
MODE = "x"
