def outer(request):
    start()
    value = request.get("k")
    if value:
        use(value)
    stop()

def second(request):
    start()
    stop()

def third():
    value = other()
    with open("f") as f:
        start()
        data = f.read()
    for i in range(3):
        if i:
            start()
            use(i)
            stop()
        else:
            use(0)
    while True:
        break
    try:
        start()
    except (KeyError, ValueError) as e:
        pass
    except Exception:
        use(e)
    finally:
        stop()

class Base(object):
    field = 1
    def method(self, a, b=2, *c, **d):
        self.field = a
        return self.field

class Child(Base, Mixin):
    @property
    def prop(self):
        return 1

    @staticmethod
    @cached(ttl=3)
    def other(x: int) -> str:
        """doc"""
        return str(x)

@app.route("/x", methods=["GET"])
def view():
    pass
