using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Transport.Http;

/// <summary>Compression of requests and responses, by ASP.NET Core's middleware.</summary>
public static class ContentEncodings
{
    /// <summary>Encodings that a request's body may have.</summary>
    internal const string OfRequests = "br, gzip, deflate";

    /// <summary>Decompresses requests and compresses responses, for all middleware after it.</summary>
    public static void UseContentEncodings(this IApplicationBuilder app) => app.UseResponseCompression().UseRequestDecompression();

    internal static IServiceCollection AddContentEncodings(this IServiceCollection services)
    {
        services.AddRequestDecompression();
        services.AddResponseCompression(options =>
        {
            // Safe over TLS (BREACH needs a secret beside the attacker's text): responses hold no cookies, tokens or other secrets.
            options.EnableForHttps = true;
            options.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, AcceptHeader.GraphQLResponse, SchemaHttpHandler.MediaType];
        });

        // For both: the next level takes three times the CPU time for a tenth less.
        services.Configure<BrotliCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.AddSingleton<IResponseCompressionProvider, LargeAnswerCompression>();
        return services;
    }

    /// <summary>Skips small responses, and those that <see cref="ResponseSender"/> has compressed.</summary>
    private sealed class LargeAnswerCompression(IServiceProvider services, IOptions<ResponseCompressionOptions> options)
        : ResponseCompressionProvider(services, options)
    {
        public override bool ShouldCompressResponse(HttpContext context) =>
            !(context.Response.ContentLength < Limits.CompressedBytesMin)
            && context.Response.Headers.ContentEncoding.Count == 0
            && base.ShouldCompressResponse(context);
    }
}
