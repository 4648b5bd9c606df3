# How the images of this repository are built, made by `dockopt init` from the builds that were there. It is yours now.
#
#   docker buildx bake -f docker-bake.hcl         builds all of them at once, each after those that it is built on
#   docker buildx bake -f docker-bake.hcl NAME    builds one
#
# Without a registry, images and layers stay with the builder of this machine.

variable "REGISTRY" {
  # Where images and layers are kept for all, such as "ghcr.io/acme/shop".
  default = ""
}

variable "TAG" {
  default = "latest"
}

variable "CACHE_TO" {
  # "registry" keeps all layers in the registry. The builder must be able to: `dockopt doctor` says whether it is.
  default = ""
}

function "image" {
  params = [name]
  result = REGISTRY == "" ? "${name}:${TAG}" : "${REGISTRY}/${name}:${TAG}"
}

# Layers come from the cache beside an image, and from the image itself.
function "cache_from" {
  params = [name]
  result = REGISTRY == "" ? [] : ["type=registry,ref=${REGISTRY}/${name}:cache", "type=registry,ref=${image(name)}"]
}

# All layers, those of stages that are not in the image too.
function "cache_to" {
  params = [name]
  result = CACHE_TO == "registry" ? ["type=registry,ref=${REGISTRY}/${name}:cache,mode=max"] : []
}

# The layers of an image are all that there are, and it carries them itself.
function "inline_cache" {
  params = []
  result = CACHE_TO == "registry" ? ["type=inline"] : []
}
