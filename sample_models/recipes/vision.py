"""Convolutional networks, whole and frozen, and a model that needs operators of torchvision."""

from typing import Dict

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import BasicBlock, ResNet

from . import recipe


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3, groups=4)
        self.bn2 = nn.BatchNorm2d(12)
        self.conv3 = nn.Conv2d(12, 12, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(12)
        self.fc = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        x = torch.relu(self.bn3(self.conv3(x)))
        return self.fc(x.mean(dim=[2, 3]))


@recipe("traced_cnn", "torch.jit.trace", "a traced network with batch norm")
def traced_cnn():
    return torch.jit.trace(ConvNet().eval(), torch.randn(1, 3, 20, 20))


@recipe("frozen_cnn", "torch.jit.freeze, optimize_numerics=False",
        "every weight a constant of the graph: no parameters at all")
def frozen_cnn():
    return torch.jit.freeze(torch.jit.script(ConvNet().eval()), optimize_numerics=False)


@recipe("frozen_folded_cnn", "torch.jit.freeze of a trace",
        "constants after batch norm was folded into the convolutions; merged equal constants")
def frozen_folded_cnn():
    return torch.jit.freeze(torch.jit.trace(ConvNet().eval(), torch.randn(1, 3, 20, 20)))


@recipe("frozen_kept_attribute", "torch.jit.freeze, preserved_attrs",
        "parameters and constants in one file")
def frozen_kept_attribute():
    return torch.jit.freeze(torch.jit.script(ConvNet().eval()), preserved_attrs=["fc"])


@recipe("resnet", "torch.jit.script of torchvision's ResNet", "a residual network of two stages in half precision")
def resnet():
    model = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10, groups=1, width_per_group=64)
    for name in ("layer3", "layer4"):  # the wide stages would take 10 MB
        setattr(model, name, nn.Identity())
    model.fc = nn.Linear(128, 10)
    return torch.jit.script(model.half().eval())


@recipe("mobilenet", "torch.jit.trace of torchvision's MobileNetV2",
        "depthwise convolutions, with debug files as large as the weights")
def mobilenet():
    settings = [[1, 8, 1, 1], [6, 16, 2, 2], [6, 24, 2, 1]]
    model = MobileNetV2(num_classes=7, width_mult=0.25, inverted_residual_setting=settings)
    model.features[-1] = nn.Conv2d(model.features[-1][0].in_channels, 40, 1)
    model.classifier[1] = nn.Linear(40, 7)
    return torch.jit.trace(model.eval(), torch.randn(1, 3, 32, 32))


class Detector(nn.Module):
    """A box head with post-processing by `torchvision::nms`, which LibTorch alone does not have."""

    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 6, 3, padding=1)
        self.boxes = nn.Conv2d(6, 4, 1)
        self.scores = nn.Conv2d(6, 1, 1)
        self.iou_threshold = 0.5

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        features = torch.relu(self.body(x))
        boxes = self.boxes(features)[0].flatten(1).t()
        boxes = torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:].abs()], dim=1)
        scores = self.scores(features)[0].flatten().sigmoid()
        keep = torch.ops.torchvision.nms(boxes, scores, self.iou_threshold)
        return {"boxes": boxes[keep], "scores": scores[keep]}


@recipe("detection_nms", "torch.jit.script",
        "calls `torchvision::nms`: `torch.jit.load` needs torchvision to be imported")
def detection_nms():
    assert torchvision.ops.nms is not None  # importing torchvision registers the operator
    return torch.jit.script(Detector().eval())
