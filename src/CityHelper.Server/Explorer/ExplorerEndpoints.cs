using CityHelper.Engine.Clients;
using CityHelper.Engine.Http;
using Microsoft.Extensions.FileProviders;

namespace CityHelper.Server.Explorer;

/// <summary>GraphiQL for browsers: <c>GET /graphql</c> with <c>Accept: text/html</c>. Its files are built from <c>clients/explorer</c>.</summary>
internal static class ExplorerEndpoints
{
    private const string AssetsPath = "/graphql/explorer";

    /// <summary>Nothing from other hosts, no inline script. Styles are inline in places: the editor makes them while it runs.</summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string MissingPage =
        "<!doctype html><title>CityHelper</title><p>The explorer is not built: run <code>eng/explorer</code>, then reload. The API answers at this address.";

    /// <summary>Serves the page and its files, before GraphQL sees the request.</summary>
    public static void UseExplorer(this WebApplication app)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Explorer", "dist");
        string page = Path.Combine(folder, "index.html");
        if (Directory.Exists(folder))
        {
            // File names carry a hash of their content, so a browser may keep them.
            app.UseStaticFiles(new StaticFileOptions
            {
                FileProvider = new PhysicalFileProvider(folder),
                RequestPath = AssetsPath,
                OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "public, max-age=31536000, immutable",
            });
        }

        var clients = app.Services.GetRequiredService<IClientDirectory>();
        app.Use(async (http, next) =>
        {
            // A page that sends texts is of use only to who may send any.
            if (!IsPageRequest(http.Request) || !clients.Identify(http.Request).MaySendText)
            {
                await next(http);
                return;
            }

            http.Response.ContentType = "text/html; charset=utf-8";
            http.Response.Headers.CacheControl = "no-cache";
            http.Response.Headers.Vary = "Accept";
            http.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            if (File.Exists(page))
            {
                await http.Response.SendFileAsync(page, http.RequestAborted);
            }
            else
            {
                await http.Response.WriteAsync(MissingPage, http.RequestAborted);
            }
        });
    }

    private static bool IsPageRequest(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Path == "/graphql"
        && request.Query.Count == 0
        && AcceptHeader.WantsHtml(request);
}
