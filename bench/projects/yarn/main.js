const express = require("express");
console.log("yarn works with", typeof express());
