#!/usr/bin/env escript
%% -*- erlang -*-
%%! +S 1 +sbt tnnps +sbwt none +sbwtdcpu none +sbwtdio none -kernel logger_level error
%% The Erlang/OTP megaco application as a gateway that executes nothing: asked, it gives the stored reply.
%%
%%   h248_server.escript udp|tcp pretty|compact|ber FILE
%%
%% FILE holds requests and their replies in turn, each behind its length in four octets.  Prints its port and runs
%% until standard input ends.  Text goes through the flex scanner where it can be loaded.
-module(h248_server).
-mode(compile).
-export([main/1]).
-export([handle_connect/2, handle_connect/3, handle_disconnect/3, handle_disconnect/4,
         handle_syntax_error/3, handle_syntax_error/4, handle_message_error/3, handle_message_error/4,
         handle_trans_request/3, handle_trans_request/4, handle_trans_long_request/3,
         handle_trans_long_request/4, handle_trans_reply/4, handle_trans_reply/5, handle_trans_ack/4,
         handle_trans_ack/5, handle_unexpected_trans/3, handle_unexpected_trans/4,
         handle_trans_request_abort/4, handle_trans_request_abort/5,
         handle_segment_reply/5, handle_segment_reply/6]).

-define(NOV, asn1_NOVALUE).

main([Transport, Kind, File]) ->
    ok = application:start(megaco),
    {Encoder, Config} = codec(Kind),
    {ok, Data} = file:read_file(File),
    persistent_term:put(replies, stored([element(2, {ok, _} = Encoder:decode_message(Config, dynamic, M)) || M <- split(Data)])),
    Mid = {deviceName, "gw"},
    ok = megaco:start_user(Mid, [{user_mod, ?MODULE}, {strict_version, false}, {auto_ack, false},
        {reply_timer, 30000}, {pending_timer, 30000}]),
    RH0 = megaco:user_info(Mid, receive_handle),
    RH = setelement(5, setelement(3, setelement(4, RH0, Config), Encoder), send_mod(Transport)),
    io:format("~w~n", [open(Transport, RH)]),
    wait().

wait() -> case io:get_line("") of eof -> halt(0); _ -> wait() end.

codec("ber") -> {megaco_binary_encoder, [native]};
codec(Kind) ->
    Options = case catch megaco_flex_scanner:start() of {ok, Port} -> [{flex, Port}]; _ -> [] end,
    {case Kind of "pretty" -> megaco_pretty_text_encoder; "compact" -> megaco_compact_text_encoder end, Options}.

send_mod("udp") -> megaco_udp;
send_mod("tcp") -> megaco_tcp.

open("udp", RH) ->
    {ok, Sup} = megaco_udp:start_transport(),
    {ok, Handle, _} = megaco_udp:open(Sup, [{port, 0}, {receive_handle, RH},
        {udp_options, [{ip, {127,0,0,1}}, {recbuf, 4194304}, {buffer, 65536}]}]),
    {ok, Port} = inet:port(Handle),
    Port;
open("tcp", RH) ->
    {ok, Probe} = gen_tcp:listen(0, [{ip, {127,0,0,1}}, {reuseaddr, true}]),
    {ok, Port} = inet:port(Probe),
    ok = gen_tcp:close(Probe),
    {ok, Sup} = megaco_tcp:start_transport(),
    ok = megaco_tcp:listen(Sup, [{port, Port}, {receive_handle, RH}, {tcp_options, [{ip, {127,0,0,1}}, {nodelay, true}]}]),
    Port.

split(<<>>) -> [];
split(<<Size:32, Message:Size/binary, Rest/binary>>) -> [Message | split(Rest)].

stored([Request, Reply | Rest]) ->
    {'MegacoMessage', _, {'Message', _, _, {transactions, [{transactionRequest, {_, _, Actions}}]}}} = Request,
    {'MegacoMessage', _, {'Message', _, _, {transactions, [{transactionReply, Answer}]}}} = Reply,
    {actionReplies, Replies} = element(4, Answer),
    maps:put(verb(Actions), Replies, stored(Rest));
stored([]) -> #{}.

verb([Action | _]) ->
    [Command | _] = element(5, Action),
    element(1, element(2, Command)).

handle_trans_request(_, _, Actions) when is_list(Actions) ->
    {discard_ack, maps:get(verb(Actions), persistent_term:get(replies))};
handle_trans_request(_, _, Error) -> {discard_ack, Error}.
handle_trans_request(CH, V, Actions, _) -> handle_trans_request(CH, V, Actions).
handle_trans_long_request(CH, V, Actions) -> handle_trans_request(CH, V, Actions).
handle_trans_long_request(CH, V, Actions, _) -> handle_trans_request(CH, V, Actions).
handle_connect(_, _) -> ok.
handle_connect(_, _, _) -> ok.
handle_disconnect(CH, _, Reason) -> megaco:cancel(CH, Reason), ok.
handle_disconnect(CH, V, Reason, _) -> handle_disconnect(CH, V, Reason).
handle_syntax_error(_, _, _) -> reply.
handle_syntax_error(_, _, _, _) -> reply.
handle_message_error(_, _, _) -> no_reply.
handle_message_error(_, _, _, _) -> no_reply.
handle_trans_reply(_, _, _, _) -> ok.
handle_trans_reply(_, _, _, _, _) -> ok.
handle_trans_ack(_, _, _, _) -> ok.
handle_trans_ack(_, _, _, _, _) -> ok.
handle_unexpected_trans(_, _, _) -> ok.
handle_unexpected_trans(_, _, _, _) -> ok.
handle_trans_request_abort(_, _, _, _) -> ok.
handle_trans_request_abort(_, _, _, _, _) -> ok.
handle_segment_reply(_, _, _, _, _) -> ok.
handle_segment_reply(_, _, _, _, _, _) -> ok.
