import time
import pytest
from django.core.management import call_command
from django.db import connection
from products.tests.test_admin_products import *
def test_scale(admin):
    t=time.time(); call_command("seed_catalogue", products=100000); print("seed", time.time()-t)
    with connection.cursor() as c: c.execute("ANALYZE")
    v=__import__("products.models",fromlist=["Variant"]).Variant.objects.order_by("-pk")[500]
    p=v.product
    for name,path,q in (("list",LIST,{}),("list p50",LIST,{"p":50}),("search name",LIST,{"q":p.name}),("search word",LIST,{"q":p.name.split()[0]}),("sku",LIST,{"q":v.sku}),
        ("cat",LIST,{"category__id__exact":p.category_id}),("brand",LIST,{"brand__id__exact":p.brand_id}),("hidden",LIST,{"state":"hidden"}),("archived",LIST,{"state":"archived"}),("out",LIST,{"in_stock__exact":0}),("name order",LIST,{"o":"1"}),
        ("change",page_of(p),{}),("variants",reverse("admin:products_variant_changelist"),{}),("variants sku",reverse("admin:products_variant_changelist"),{"q":v.sku[:6]}),("variants name",reverse("admin:products_variant_changelist"),{"q":p.name}),("stock",reverse("admin:products_stockitem_changelist"),{"q":v.sku}),
        ("brands",reverse("admin:products_brand_changelist"),{}),("ac product",reverse("admin:autocomplete"),{"app_label":"products","model_name":"variant","field_name":"product","term":p.name[:6]})):
        slow=[]
        def watch(execute, sql, params, many, context):
            t=time.perf_counter(); r=execute(sql, params, many, context); slow.append((time.perf_counter()-t, sql[:160])); return r
        t=time.perf_counter()
        with connection.execute_wrapper(watch): r=admin.get(path,q)
        took=time.perf_counter()-t
        print(f"{name:14} {r.status_code} {took*1000:7.0f} ms  sql {sum(s for s,_ in slow)*1000:6.0f} ms n={len(slow)} worst {max(slow)[0]*1000:.0f} {max(slow)[1][:110] if max(slow)[0]>.05 else ''}")
    assert 0
