const express = require("express");
console.log("pnpm works with", typeof express());
