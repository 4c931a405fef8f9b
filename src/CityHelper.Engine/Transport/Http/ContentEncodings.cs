using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Transport.Http;

/// <summary>Compressed bodies, in both directions, by ASP.NET Core's middleware.</summary>
public static class ContentEncodings
{
    /// <summary>What a request's body may be encoded with.</summary>
    internal const string OfRequests = "br, gzip, deflate";

    /// <summary>Undoes the encoding of requests and encodes answers, for everything that comes after it.</summary>
    public static void UseContentEncodings(this IApplicationBuilder app) => app.UseResponseCompression().UseRequestDecompression();

    internal static IServiceCollection AddContentEncodings(this IServiceCollection services)
    {
        services.AddRequestDecompression();
        services.AddResponseCompression(options =>
        {
            // Safe over TLS (BREACH needs a secret beside text of the attacker's): answers hold no cookies, tokens or other secrets.
            options.EnableForHttps = true;
            options.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, AcceptHeader.GraphQLResponse, SchemaHttpHandler.MediaType];
        });

        // The level of both: the next one takes three times the CPU time for a tenth less.
        services.Configure<BrotliCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(options => options.Level = CompressionLevel.Fastest);
        services.AddSingleton<IResponseCompressionProvider, LargeAnswerCompression>();
        return services;
    }

    /// <summary>Leaves small answers alone, and those that <see cref="ResponseSender"/> has encoded.</summary>
    private sealed class LargeAnswerCompression(IServiceProvider services, IOptions<ResponseCompressionOptions> options)
        : ResponseCompressionProvider(services, options)
    {
        public override bool ShouldCompressResponse(HttpContext context) =>
            !(context.Response.ContentLength < Limits.CompressedBytesMin) && context.Response.Headers.ContentEncoding.Count == 0 && base.ShouldCompressResponse(context);
    }
}
