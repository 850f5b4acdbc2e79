// A log-in on the page is used by what is tried after it.
let token = "";
window.ui = SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (token && !request.headers.Authorization) request.headers.Authorization = `Bearer ${token}`;
    return request;
  },
  responseInterceptor: (response) => {
    if (response.ok && response.url.endsWith("/auth/login")) token = response.body?.access_token ?? JSON.parse(response.text).access_token;
    return response;
  },
});
