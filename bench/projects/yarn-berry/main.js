const express = require("express");
console.log("yarn-berry works with", typeof express());
