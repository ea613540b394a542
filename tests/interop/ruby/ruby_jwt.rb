# Tokens of Ruby's jwt: each job of standard input is a line of JSON, and so is each answer.
require "json"
require "jwt"
require "openssl"

def sign(job)
  own = job["key"]["secret"] || OpenSSL::PKey.read(job["key"]["pem"])
  header = { "typ" => "JWT" }
  header["kid"] = job["kid"] if job["kid"]
  { token: JWT.encode(job["claims"], own, job["alg"], header) }
end

def verify(job)
  options = { algorithm: job["alg"] }
  secret = job["keys"]["secret"]
  options[:jwks] = job["keys"] unless secret
  { claims: JWT.decode(job["token"], secret, true, options).first }
end

$stdin.each_line do |line|
  job = JSON.parse(line)
  begin
    answer = job["do"] == "sign" ? sign(job) : verify(job)
  rescue NameError, StandardError => error
    answer = { error: "#{error.class}: #{error.message}" }
  end
  puts JSON.generate(answer)
end
