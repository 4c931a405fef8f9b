using CityHelper.Engine.Clients;
using CityHelper.Engine.Transport.Http;
using Microsoft.Extensions.FileProviders;

namespace CityHelper.Server.Explorer;

/// <summary>
/// GraphiQL for browsers: <c>GET /graphql</c> with <c>Accept: text/html</c>. Its files are built from <c>clients/explorer</c>. The page
/// sends texts, so it is served only to clients that may send any text.
/// </summary>
internal static class ExplorerEndpoints
{
    private const string FilesPath = "/graphql/explorer";
    private const string OperationsPath = FilesPath + "/operations";

    /// <summary>
    /// Nothing from other hosts, and no inline script. Some styles are inline, because the editor creates them at run time. The files carry
    /// the policy too, because a worker obeys the policy of its own script, not the page's.
    /// </summary>
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; connect-src "
            + "'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string MissingPage =
        "<!doctype html><title>CityHelper</title><p>The explorer is not built: run <code>eng/explorer</code>, then reload. The API "
            + "answers at this address.";

    /// <summary>Serves the page, its files and the operations that it offers, before GraphQL sees the request.</summary>
    public static void UseExplorer(this WebApplication app)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Explorer", "dist");
        string page = Path.Combine(folder, "index.html");
        var clients = app.Services.GetRequiredService<IClientDirectory>();
        app.UseWhen(http => http.Request.Path.StartsWithSegments(FilesPath), files =>
        {
            files.Use((http, next) => clients.Identify(http.Request).MayReadSchema ? next(http) : RefuseAsync(http.Response));
            if (Directory.Exists(folder))
            {
                files.UseStaticFiles(Files(folder, clients));
            }
        });
        app.Use((http, next) => IsPageRequest(http.Request) && clients.Identify(http.Request).MayReadSchema
            ? SendPageAsync(http, page)
            : next(http));

        var operations = new ExplorerOperations(
            app.Services.GetRequiredService<OperationRegistry>().Manifest, app.Services.GetRequiredService<ResponseSender>());
        app.MapMethods(OperationsPath, [HttpMethods.Get, HttpMethods.Head], operations.SendAsync);
    }

    private static Task RefuseAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status404NotFound;
        response.Headers.CacheControl = "no-store";
        return Task.CompletedTask;
    }

    // File names carry a content hash, so browsers may keep the files. A shared cache may not keep what only a secret gives access to.
    private static StaticFileOptions Files(string folder, IClientDirectory clients) => new()
    {
        FileProvider = new PhysicalFileProvider(folder),
        RequestPath = FilesPath,
        OnPrepareResponse = file =>
        {
            string scope = clients.Identify(file.Context.Request).IsKnownBySecret ? "private" : "public";
            file.Context.Response.Headers.CacheControl = $"{scope}, max-age=31536000, immutable";
            file.Context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        },
    };

    private static Task SendPageAsync(HttpContext http, string page)
    {
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers.Vary = "Accept";
        http.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        return File.Exists(page)
            ? http.Response.SendFileAsync(page, http.RequestAborted)
            : http.Response.WriteAsync(MissingPage, http.RequestAborted);
    }

    private static bool IsPageRequest(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.Path == "/graphql"
        && request.Query.Count == 0
        && AcceptHeader.WantsHtml(request);
}
