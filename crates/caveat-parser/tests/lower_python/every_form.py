@app.route("/x", methods=["GET"])
async def f(a, b: int = 1, *args, c=2, **kw) -> str:
    with open(a) as fh, lock:
        x = [i*2 for i in fh if i]
    try:
        y = x[0][1:2]
    except (ValueError, KeyError) as e:
        raise Foo(e) from e
    else:
        z = 1
    finally:
        fh.close()
    match a:
        case {"k": v, **rest}: pass
        case [1, *others]: pass
        case Point(x=0) | 3 as q if q: pass
        case _: pass
    global G
    del x[0]
    f"{a!r:>{w}} {b=} lit{{}}" "tail"
    print(*a, **b)
    a, *b = 1, 2
    x.y[1].z += await g()
    while (n := f()) < 3 < 4:
        break
    for i, j in zip(a): continue
    lambda q, *r: q
    a if b else c
    return (yield x)
class A(B, metaclass=M):
    k: int = 3
    @property
    def p(self): return self._p
