"""All routers by name, in the order in which they are asked for what leads to a Service."""

from strategies.lens import Router
from strategies.routers.alb import ALB
from strategies.routers.aws_alb import AWS_ALB
from strategies.routers.httproute import HTTP
from strategies.routers.istio import ISTIO
from strategies.routers.nginx import NGINX
from strategies.routers.traefik import TRAEFIK
from strategies.spec import RouterName

ROUTERS: dict[RouterName, Router] = {
    RouterName.HTTPROUTE: HTTP,
    RouterName.NGINX: NGINX,
    RouterName.ALB: ALB,
    RouterName.AWS_ALB: AWS_ALB,
    RouterName.ISTIO: ISTIO,
    RouterName.TRAEFIK: TRAEFIK,
}
