using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using CityHelper.Engine.Telemetry;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The server's traces and metrics, and who receives them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class TelemetryTests(ReadingFixture fixture, ITestOutputHelper output) : IClassFixture<ReadingFixture>
{
    private const string Stranger = "0af7651916cd43dd8448eb211c80319c";

    private static readonly object s_map =
        new { city = "nyc", viewport = new { west = -74, south = 40.7, east = -73.9, north = 40.8 } };

    [Fact]
    public async Task A_request_is_one_trace_from_HTTP_to_SQL()
    {
        IReadOnlyList<Activity> spans = await TraceAsync(("OTEL_TRACES_SAMPLER", "always_on"), async server =>
        {
            string map = server.PersistedUrl("ServiceRequestMap", s_map);
            using HttpResponseMessage answer = await server.Client.GetAsync(new Uri(map, UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        });
        string tree = TraceTree.Write(spans, new NpgsqlConnectionStringBuilder(fixture.Database).Database!)
            .Replace("/graphql/persisted/{id}/{name}", "route", StringComparison.Ordinal);
        output.WriteLine(tree);
        output.WriteLine($"db.query.text={spans.Last(span => span.Kind == ActivityKind.Client).GetTagItem("db.query.text")}");
        Assert.Equal(
            """
            GET route (Server) http.request.method=GET http.response.status_code=200 http.route=route
              GraphQL HTTP GET (Internal) graphql.error.count=0 graphql.operation.name=ServiceRequestMap graphql.operation.type=query
                GraphQL Operation Planning (Internal) graphql.operation.type=query
                GraphQL Operation Admission (Internal) cityhelper.admission.kind=cheap cityhelper.client=default
                postgresql (Client) db.namespace=database db.system.name=postgresql
                GraphQL Operation Execution (Internal) db.operation.batch.size=2
                  postgresql (Client) db.namespace=database db.system.name=postgresql

            """,
            tree);
        Activity sql = spans.Last(span => span.Kind == ActivityKind.Client);
        Assert.Contains("from service_request", (string?)sql.GetTagItem("db.query.text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_measured_as_a_whole_its_plan_and_its_batch()
    {
        var durations = new ConcurrentDictionary<string, double>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EngineTelemetry.Name)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((instrument, value, _, _) => durations[instrument.Name] = value);
        meters.Start();
        await fixture.Server.DataAsync("query Seen { cities { slug name timeZone } }");

        Assert.Equal(
            ["cityhelper.graphql.batch.duration", "cityhelper.graphql.plan.duration", "cityhelper.graphql.request.duration"],
            durations.Keys.Order());
        Assert.All(durations.Values, seconds => Assert.InRange(seconds, 1e-6, 60));
        Assert.True(durations["cityhelper.graphql.batch.duration"] < durations["cityhelper.graphql.request.duration"]);
    }

    /// <summary>
    /// A public server's clients are strangers: they must not force a trace to be kept, choose its id, or attach spans under theirs.
    /// </summary>
    [Theory]
    [InlineData("00")]
    [InlineData("01")]
    public async Task A_traceparent_of_a_client_is_linked_to_and_not_continued(string flags)
    {
        IReadOnlyList<Activity> spans = await TraceAsync(("OTEL_TRACES_SAMPLER", "always_on"), server => AskAsync(server, flags));
        Activity root = Assert.Single(spans, span => span.ParentSpanId == default);
        Assert.DoesNotContain(spans, span => span.TraceId.ToHexString() == Stranger);
        Assert.All(spans, span => Assert.Null(span.TraceStateString));
        Assert.Equal(Stranger, Assert.Single(root.Links).Context.TraceId.ToHexString());
    }

    [Fact]
    public async Task A_traceparent_that_says_sampled_has_nothing_sampled() => Assert.Empty(
        await TraceAsync(("OTEL_TRACES_SAMPLER_ARG", "0"), server => AskAsync(server, "01")));

    [Fact]
    public async Task Probes_and_looks_at_the_database_are_no_traces() => Assert.Empty(await TraceAsync(
        ("OTEL_TRACES_SAMPLER", "always_on"),
        async server => await server.Client.GetStringAsync(new Uri("/health/ready", UriKind.Relative))));

    [Fact]
    public async Task Names_that_clients_make_up_are_no_labels()
    {
        var labels = new ConcurrentBag<string>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EngineTelemetry.Name)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((_, _, tags, _) => Keep(tags));
        meters.SetMeasurementEventCallback<long>((_, _, tags, _) => Keep(tags));
        meters.Start();
        foreach (int i in Enumerable.Range(0, 20))
        {
            await fixture.Server.DataAsync($"query MadeUp{i} {{ cities {{ slug }} }}");
        }

        await fixture.Server.Client.GetStringAsync(new Uri(fixture.Server.PersistedUrl("Cities"), UriKind.Relative));
        using HttpResponseMessage other = await fixture.Server.Client.SendAsync(
            new HttpRequestMessage(new HttpMethod("MADEUP"), "/graphql"));

        Assert.Contains("graphql.operation.name=Cities", labels);
        Assert.Contains($"graphql.operation.name={EngineTelemetry.OtherOperation}", labels);
        Assert.Contains("graphql.operation.type=query", labels);
        Assert.DoesNotContain(labels, label => label.Contains("MadeUp", StringComparison.OrdinalIgnoreCase));

        void Keep(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach ((string key, object? value) in tags)
            {
                labels.Add($"{key}={value}");
            }
        }
    }

    [Fact]
    public async Task Traces_metrics_and_logs_go_to_the_collector_that_is_named()
    {
        await using Collector collector = await Collector.StartAsync();
        await using (TestServer server = await TestServer.StartAsync(fixture.Database, settings: new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_TRACES_SAMPLER"] = "always_on",
            ["OTEL_SERVICE_NAME"] = "cityhelper-of-a-test",
        }))
        {
            await server.DataAsync("query Collected { cities { slug } }");
        }

        Assert.Equal(["/v1/logs", "/v1/metrics", "/v1/traces"], collector.Paths);
        Assert.All(collector.Paths, path => Assert.True(collector.Has(path, "cityhelper-of-a-test"), path));
        Assert.True(collector.Has("/v1/traces", "GraphQL Operation Execution"));
        Assert.True(collector.Has("/v1/metrics", "cityhelper.graphql.request.duration"));
        Assert.True(collector.Has("/v1/logs", "Collected"));
    }

    [Fact]
    public void Without_an_address_nothing_is_recorded_and_nothing_is_sent()
    {
        Assert.Null(fixture.Server.Services.GetService<TracerProvider>());
        Assert.Null(fixture.Server.Services.GetService<MeterProvider>());
        Assert.Null(fixture.Server.Services.GetService<OpenTelemetry.Logs.LoggerProvider>());
    }

    private static async Task AskAsync(TestServer server, string flags)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, server.PersistedUrl("Cities"));
        request.Headers.TryAddWithoutValidation("traceparent", $"00-{Stranger}-b7ad6b7169203331-{flags}");
        request.Headers.TryAddWithoutValidation("tracestate", "vendor=x");
        request.Headers.TryAddWithoutValidation("baggage", "user=x");
        using HttpResponseMessage answer = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    // All spans of a server's life: they are complete when it has stopped.
    private async Task<IReadOnlyList<Activity>> TraceAsync((string Key, string Value) sampler, Func<TestServer, Task> ask)
    {
        await using Collector collector = await Collector.StartAsync();
        List<Activity> spans = [];
        await using (TestServer server = await TestServer.StartAsync(
            fixture.Database,
            settings: new Dictionary<string, string?>
            {
                ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"{collector.Address}/v1/traces",
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                [sampler.Key] = sampler.Value,
            },
            services: services => services.ConfigureOpenTelemetryTracerProvider(traces => traces.AddInMemoryExporter(spans))))
        {
            await ask(server);
        }

        Assert.Equal(spans.Count > 0 ? ["/v1/traces"] : [], collector.Paths);
        return spans;
    }
}
