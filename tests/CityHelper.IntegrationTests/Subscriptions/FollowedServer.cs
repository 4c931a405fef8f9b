using System.Text.Json;
using CityHelper.Engine.Transport.WebSockets;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>A server behind an address that stays while it is restarted, for scripts that run client libraries and control it.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class FollowedServer(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly SubscriptionServer _server = new(postgres);
    private readonly SemaphoreSlim _turn = new(1);
    private StallingProxy _proxy = null!;
    private WebApplication _control = null!;
    private string _id = "";

    private int Port => _server.Client.BaseAddress!.Port;

    private SocketRegister Sockets => _server.Server.Services.GetRequiredService<SocketRegister>();

    public async Task InitializeAsync()
    {
        await _server.InitializeAsync();
        _id = await _server.ReportAsync();
        _proxy = StallingProxy.Before("127.0.0.1", Port);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        _control = builder.Build();
        _control.MapPost("/write/{status}", (string status) => InTurnAsync(() => WriteAsync(status)));
        _control.MapPost("/restart", () => InTurnAsync(() => RestartAsync(null)));
        _control.MapPost("/restart/{status}", (string status) => InTurnAsync(() => RestartAsync(status)));
        _control.MapPost("/end-rights", () => InTurnAsync(EndRightsAsync));
        _control.MapPost("/refuse/subscriptions", () => InTurnAsync(() => _server.Streams.DrainAsync(CancellationToken.None)));
        _control.MapPost("/refuse/sockets", () => InTurnAsync(() => Sockets.DrainAsync(TimeSpan.Zero, CancellationToken.None)));
        await _control.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _control.StopAsync();
        await _control.DisposeAsync();
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
        _turn.Dispose();
    }

    /// <summary>Runs a script against it.</summary>
    /// <param name="script">A file of <c>tests/clients</c>.</param>
    /// <returns>Its output.</returns>
    public Task<string> RunAsync(string script) => NodeScript.RunAsync(script, JsonSerializer.Serialize(new
    {
        url = $"http://127.0.0.1:{_proxy.Port}/graphql",
        control = _control.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(),
        id = _id,
    }));

    private Task WriteAsync(string status) => _server.SetStatusAsync(_id, status);

    private Task EndRightsAsync()
    {
        Assert.NotEqual(0, _server.Streams.EndRights(_ => true));
        return Task.CompletedTask;
    }

    private async Task RestartAsync(string? status)
    {
        await _server.RestartAsync();
        if (status is not null)
        {
            await WriteAsync(status);
        }

        _proxy.LeadTo(Port);
    }

    private async Task InTurnAsync(Func<Task> step)
    {
        await _turn.WaitAsync();
        try
        {
            await step();
        }
        finally
        {
            _turn.Release();
        }
    }
}
