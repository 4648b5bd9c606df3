// a job
