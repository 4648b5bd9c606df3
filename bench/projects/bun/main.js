const express = require("express");
console.log("bun works with", typeof express());
