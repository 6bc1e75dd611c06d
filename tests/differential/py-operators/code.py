def a(x):
    if x == x:
        pass
    y = x + 1
    y = x + x
    return y

def b(p, q):
    if p == q and q:
        return p
    z = not p
    w = -q
    v = p if q else p
    u = p < q < 3
    t = [i for i in p if i]
    s = {k: v for k, v in q}
    r = p[1:2]
    o = p["k"]
    n = lambda m: m + 1
    l = p or q or 1
    assert p, "m"
    del q
    raise ValueError("v") from p

async def c(e):
    await e.f()
    async with e as g:
        h = yield g
    return 1 if e is None else 2
